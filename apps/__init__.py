"""The what-if app: pages read plans and do no arithmetic. The only place that imports streamlit."""

"""Charts of the views of a plan: each module has `chart(frame, …)` and `alt_text(frame, …)`, which says it in words.

A chart of an empty frame raises Empty: whoever shows it says in words that there is nothing.
"""

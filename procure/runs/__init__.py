"""The store of scenarios, jobs and plans, and what runs on it."""

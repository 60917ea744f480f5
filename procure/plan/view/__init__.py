"""What charts and pages show of a plan, as DataFrames made from its figures and its scenario alone."""

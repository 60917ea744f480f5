"""Ways to get from a problem to a result; each is one module over problem, options and result."""

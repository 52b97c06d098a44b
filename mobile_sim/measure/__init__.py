"""`presslight measure`: load, percentiles, result, report."""

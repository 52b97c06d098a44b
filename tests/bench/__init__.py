"""`make bench`: the numbers of the README, measured in one run and printed beside their targets, not asserted."""

"""Two links and a network that cuts, splits and delays, in memory, on a fake clock."""

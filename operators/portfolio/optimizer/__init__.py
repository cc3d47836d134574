"""What the portfolio should hold: a convex problem solved within named limits, and what is done where it cannot be."""

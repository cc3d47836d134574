"""From approved orders to fills, positions and profit. Accepts nothing that operators/risk has not approved."""

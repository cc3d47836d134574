"""What an order of a given size does to the price: coefficients calibrated row by row, and estimates made from them."""

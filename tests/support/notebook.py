"""What the price notebook draws."""

CHARTS = [
    "01-price-history.png",
    "02-yearly-returns.png",
    "03-drawdown.png",
    "04-moving-averages.png",
    "05-volatility.png",
    "06-monthly-returns.png",
    "07-side-by-side.png",
]

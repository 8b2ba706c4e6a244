"""The parts of `analysis.bitcoin_utils`: from a market's prices to a model of them, with Spark, in a notebook.

Between the functions prices travel as rows of `timestamp` (UTC), `price_usd` (a double in USD), and where known `coin`
and `source`. For sums of money use the lake's tables, whose prices are decimals.
"""

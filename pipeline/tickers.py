"""The ticker symbols of coins: CoinGecko names a coin by an id (bitcoin), other markets and traders by a symbol (btc).

Symbols alone are ambiguous; only those that mean the same coin everywhere are listed. Only the standard library is
used here.
"""

from __future__ import annotations

from collections.abc import Mapping

TICKERS: Mapping[str, str] = {
    "aave": "aave",
    "algorand": "algo",
    "avalanche-2": "avax",
    "basic-attention-token": "bat",
    "binancecoin": "bnb",
    "bitcoin": "btc",
    "bitcoin-cash": "bch",
    "bitcoin-cash-sv": "bsv",
    "bitcoin-gold": "btg",
    "cardano": "ada",
    "chainlink": "link",
    "compound-governance-token": "comp",
    "cosmos": "atom",
    "curve-dao-token": "crv",
    "dai": "dai",
    "dash": "dash",
    "decred": "dcr",
    "digibyte": "dgb",
    "dogecoin": "doge",
    "eos": "eos",
    "ethereum": "eth",
    "ethereum-classic": "etc",
    "filecoin": "fil",
    "gnosis": "gno",
    "internet-computer": "icp",
    "litecoin": "ltc",
    "loopring": "lrc",
    "maker": "mkr",
    "monero": "xmr",
    "neo": "neo",
    "omisego": "omg",
    "polkadot": "dot",
    "ripple": "xrp",
    "shiba-inu": "shib",
    "solana": "sol",
    "stellar": "xlm",
    "sushi": "sushi",
    "tether": "usdt",
    "tezos": "xtz",
    "tron": "trx",
    "uniswap": "uni",
    "usd-coin": "usdc",
    "vertcoin": "vtc",
    "wrapped-bitcoin": "wbtc",
    "yearn-finance": "yfi",
    "zcash": "zec",
    "0x": "zrx",
}

QUOTES = ("usdt", "usdc", "usd")
"""What prices are quoted in: in a product or a file's name these are not the coin that it is about."""

COIN_OF_SYMBOL: Mapping[str, str] = {symbol: coin for coin, symbol in TICKERS.items()} | {"xbt": "bitcoin"}
"""The coin of each symbol, in lower case."""


def coin_named(word: str) -> str:
    """Return the CoinGecko id that a word means: `BTC` and `btc` are bitcoin; any other word stays as it is."""
    return COIN_OF_SYMBOL.get(word.lower(), word)

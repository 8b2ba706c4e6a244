"""The ticker symbols of coins: markets other than CoinGecko name coins by them, and symbols alone are ambiguous.

Only coins whose symbol means the same coin everywhere are listed; a source does not know any other.
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
    "yearn-finance": "yfi",
    "zcash": "zec",
    "0x": "zrx",
}

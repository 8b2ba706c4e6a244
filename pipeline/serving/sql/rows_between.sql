SELECT EXISTS (SELECT FROM bitcoin_gold_data WHERE minute BETWEEN %s AND %s)

"""Frames as the venues document them, one of every kind that their tables of keys know."""

COINBASE = (
    b'{"channel":"l2_data","client_id":"","timestamp":"2026-04-07T14:30:00.123456Z","sequence_num":0,'
    b'"events":[{"type":"snapshot","product_id":"BTC-USD","updates":[{"side":"bid",'
    b'"event_time":"2026-04-07T14:30:00.123456Z","price_level":"68900.00","new_quantity":"1.50000000"},'
    b'{"side":"offer","event_time":"2026-04-07T14:30:00.123456Z","price_level":"68901.00",'
    b'"new_quantity":"0.50000000"}]}]}',
    b'{"channel":"l2_data","timestamp":"2026-04-07T14:30:01.456789012Z","sequence_num":1,'
    b'"events":[{"type":"update","product_id":"BTC-USD","updates":[{"side":"offer",'
    b'"event_time":"2026-04-07T14:30:01Z","price_level":"68901.00","new_quantity":"0"}]},{"type":"update",'
    b'"product_id":"ETH-USD","updates":[{"side":"bid","event_time":"2026-04-07T14:30:01Z",'
    b'"price_level":"1919.41","new_quantity":"2"}]}]}',
    b'{"channel":"market_trades","client_id":"","timestamp":"2026-04-07T07:13:31.158696693Z","sequence_num":2,'
    b'"events":[{"type":"update","trades":[{"product_id":"ETH-USD","trade_id":"22381691","price":"2375.56",'
    b'"size":"0.5","time":"2026-04-07T07:13:31.088388Z","side":"BUY"},{"product_id":"BTC-USD",'
    b'"trade_id":"1068572090","price":"68900.5","size":"0.25","time":"2026-04-07T07:13:31.084859Z",'
    b'"side":"SELL"},{"product_id":"ETH-USD","trade_id":"22381690","price":"2375.57","size":"0.75",'
    b'"time":"2026-04-07T07:13:31Z","side":"BUY"}]}]}',
    b'{"channel":"ticker","timestamp":"2026-08-09T21:05:48.229198328Z","sequence_num":6,'
    b'"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"65086.18",'
    b'"volume_24_h":"2867.54532609","low_24_h":"64675.22","high_24_h":"65252.99","low_52_w":"57717.55",'
    b'"high_52_w":"126296","price_percent_chg_24_h":"0.09601107287722","best_bid":"65083.66",'
    b'"best_ask":"65083.67","best_bid_quantity":"0.20371215","best_ask_quantity":"0.24290402"}]}]}',
)
KRAKEN = (
    b'{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":29430.2,'
    b'"qty":0.18967538},{"price":29429.6,"qty":4.0}],"asks":[{"price":29430.3,"qty":1}],'
    b'"checksum":4294967295}]}',
    b'{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5657,'
    b'"qty":1098.3947558}],"asks":[],"checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"}]}',
    b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","asks":[{"price":29430.3,"qty":0},'
    b'{"price":29431.0,"qty":2.5}],"bids":[{"qty":3,"price":29430.1}],"checksum":7,'
    b'"timestamp":"2023-10-06T17:35:55.4Z"}]}',
    b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":29430.5,"qty":40.0,'
    b'"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"},{"symbol":"MATIC/USD",'
    b'"side":"buy","price":0.5658,"qty":1,"ord_type":"limit","trade_id":4665907,'
    b'"timestamp":"2023-09-25T07:49:38Z"}]}',
    b'{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":29430.1,"bid_qty":740.0,'
    b'"ask":29430.3,"ask_qty":740.5,"last":29430.3,"volume":997038.98383185,"vwap":29430.14,"low":29000.9,'
    b'"high":29500,"change":-0.17,"change_pct":-0.17}]}',
)
BYBIT = (
    b'{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1687940967460,"data":{"s":"BTCUSDT",'
    b'"b":[["30247.20","30.028"],["30245.40","0.224"]],"a":[["30248.70","0.5"]],"u":177400506,'
    b'"seq":66544703341},"cts":1687940967458}',
    b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,"data":{"s":"BTCUSDT",'
    b'"b":[["30247.20","30.028"],["30240.00","0"]],"a":[["30248.70","0"],["30249.30","0.892"]],"u":177400507,'
    b'"seq":66544703342},"cts":1687940967464}',
    b'{"topic":"orderbook.200.BTCUSDT","ts":1687940967466,"type":"delta","data":{"s":"BTCUSDT","b":[],'
    b'"a":[["30248.70","0"]],"u":1,"seq":66544703342}}',
    b'{"topic":"orderbook.1.BTCUSDT","type":"snapshot","ts":1709891679000,"data":{"s":"BTCUSDT",'
    b'"b":[["27450.00","0.500"]],"a":[["27451.00","0.750"]],"u":123456789,"seq":987654321}}',
    b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,'
    b'"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick",'
    b'"i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"seq":1783284617},{"T":1672304486866,'
    b'"s":"BTCUSDT","S":"Sell","v":"2","p":"16578.40","L":"MinusTick",'
    b'"i":"a9188a0a-82bc-50de-be60-03eedbe3cdd7","BT":true,"RPI":false,"seq":1783284618}]}',
    b'{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","tickDirection":"PlusTick",'
    b'"price24hPcnt":"0.017103","lastPrice":"17216.00","markPrice":"17217.33","indexPrice":"17227.36",'
    b'"openInterest":"68744.761","nextFundingTime":"1673280000000","fundingRate":"-0.000212",'
    b'"bid1Price":"17215.50","bid1Size":"84.489","ask1Price":"17216.00","ask1Size":"83.020"},"cs":24987956059,'
    b'"ts":1673272861686}',
    b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","markPrice":"65117.43",'
    b'"openInterestValue":"3899995666.09","ask1Price":"65114.30","ask1Size":"10.488"},"cs":753843915209,'
    b'"ts":1786310818183}',
)
OKX = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8476.98","415","0",'
    b'"13"],["8477","7","0","2"]],"bids":[],"ts":"1597026383085","checksum":0,"prevSeqId":123456,'
    b'"seqId":123457}]}',
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["8476.98","415",'
    b'"0","13"]],"bids":[["8476.97","256","0","12"],["8475.5","1.5","0","1"]],"ts":"1652459225393",'
    b'"checksum":-855196043}]}',
    b'{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["111.06","55154","0","2"]],'
    b'"bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}',
    b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474",'
    b'"px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3","source":"0",'
    b'"seqId":1234}]}',
    b'{"arg":{"channel":"trades-all","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474",'
    b'"px":"42219.9","sz":"0.12060306","side":"sell","source":"0","ts":"1630048897897"}]}',
    b'{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":"SPOT","instId":"BTC-USDT",'
    b'"last":"9999.99","lastSz":"0.1","askPx":"9999.99","askSz":"11","bidPx":"8888.88","bidSz":"5",'
    b'"open24h":"9000","high24h":"10000","low24h":"8888.88","volCcy24h":"2222","vol24h":"2222",'
    b'"sodUtc0":"2222","sodUtc8":"2222","ts":"1597026383085"}]}',
    b'{"arg":{"channel":"funding-rate","instId":"BTC-USDT"},"data":[{"fundingRate":"0.0001875391284828",'
    b'"fundingTime":"1700726400000","instId":"BTC-USDT","instType":"SWAP","method":"current_period",'
    b'"maxFundingRate":"0.00375","minFundingRate":"-0.00375","nextFundingRate":"",'
    b'"nextFundingTime":"1700755200000","premium":"0.0001233824646391","settFundingRate":"0.0001699799259033",'
    b'"settState":"settled","ts":"1700724675402"}]}',
    b'{"arg":{"channel":"mark-price","instId":"BTC-USDT"},"data":[{"instType":"MARGIN","instId":"BTC-USDT",'
    b'"markPx":"42310.6","ts":"1630049139746"}]}',
)
ALPACA = (
    b'[{"T":"t","S":"AVAX/USD","p":47.299,"s":29.205707815,"t":"2024-03-12T10:27:48.858228144Z",'
    b'"i":3447222699101865076,"tks":"S"}]',
    b'[{"T":"q","S":"BAT/USD","bp":0.35718,"bs":13445.46,"ap":0.3581,"as":13561.902,'
    b'"t":"2024-03-12T10:29:43.111588173Z"},{"T":"t","S":"BTC/USD","p":65614.929,"s":0.000038,'
    b'"t":"2026-02-23T15:57:33.393Z","i":8160237406270933078,"tks":"B"}]',
    b'[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.796Z","b":[{"p":71859.53,"s":0.27994},{"p":71849.4,'
    b'"s":0.553986}],"a":[{"p":71939.7,"s":0.83953},{"p":71940.4,"s":0.28025}],"r":true}]',
    b'[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:39:40.501Z","b":[{"p":71859.53,"s":0}],"a":[]}]',
)
MASSIVE = (
    b'[{"ev":"XQ","pair":"BTC-USD","bp":33052.79,"bs":0.48,"ap":33073.19,"as":0.601,"t":1610462411115,"x":1,'
    b'"r":1610462411128}]',
    b'[{"ev":"XQ","pair":"CHZ-USD","lp":0,"ls":0,"bp":0.0771,"bs":41650.4,"ap":0.0773,"as":142883.4,'
    b'"t":1690409119847,"x":1,"r":1690409119856},{"ev":"XQ","pair":"BTC-USD","lp":0,"ls":0,"bp":33052.79,'
    b'"bs":0,"ap":33052.9,"as":1,"t":1690409119855,"x":2,"r":1690409119855}]',
)
DOCUMENTED = {
    "coinbase": COINBASE, "kraken": KRAKEN, "bybit-linear": BYBIT, "okx": OKX, "alpaca-crypto": ALPACA,
    "massive-crypto": MASSIVE,
}  # fmt: skip

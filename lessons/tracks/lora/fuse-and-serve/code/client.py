import json
from urllib.request import Request, urlopen

chat = [{"role": "user", "content": "Table cities: count the cities."}]
body = {"model": "default_model", "messages": chat}
url = "http://127.0.0.1:8080/v1/chat/completions"
kind = {"Content-Type": "application/json"}
with urlopen(Request(url, json.dumps(body).encode(), kind)) as answer:
    print(json.load(answer)["choices"][0]["message"]["content"])

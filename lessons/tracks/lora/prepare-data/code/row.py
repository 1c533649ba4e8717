import json

turns = [
    {"role": "user", "content": 'Do you have "Emma"?'},
    {"role": "assistant", "content": "Yes, on shelf 12."},
]
print(json.dumps({"messages": turns}, ensure_ascii=False))

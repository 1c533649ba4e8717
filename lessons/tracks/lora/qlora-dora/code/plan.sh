lowrank plan --model mistral-7b --data sql --batch-size 4
lowrank plan --model mistral-7b --data sql --batch-size 4 --bits 4

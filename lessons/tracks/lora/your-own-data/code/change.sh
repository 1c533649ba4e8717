lowrank evaluate last --split valid --answers
python orders.py more 18
lowrank train --data more --iters 100 --steps-per-eval 10
lowrank evaluate last --split valid

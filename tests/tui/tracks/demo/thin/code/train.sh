lowrank train --model sprout --data sql  # a comment

python orders.py orders 4
lowrank data check orders

lowrank evaluate last
lowrank generate last -p "What is the capital of Korea?"
lowrank generate last -p "What is the capital of Korea?" --base
lowrank fuse last --save-path orders-model
lowrank report last -o orders.md

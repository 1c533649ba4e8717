lowrank data check record
lowrank data check record --no-mask-prompt

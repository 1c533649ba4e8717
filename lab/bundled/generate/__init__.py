"""Everything synthetic is written here, from a fixed seed: the bundled data sets and sprout's pre-training corpus."""

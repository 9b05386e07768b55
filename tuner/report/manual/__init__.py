"""The manual: what there is to read about keys, rules, topics and profiles, each page once."""

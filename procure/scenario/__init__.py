"""The nouns of a scenario: frozen data, validated where declared, changed by copy."""

"""No mistakes are needed here: CANARY_MISTAKES."""

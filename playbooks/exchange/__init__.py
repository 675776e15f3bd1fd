"""Playbooks and runs in the words of others: OASIS CACAO, CISA COUN7ER."""

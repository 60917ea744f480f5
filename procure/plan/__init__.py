"""Plans: decisions read back through the same ledger, tables, independent audit, exports."""

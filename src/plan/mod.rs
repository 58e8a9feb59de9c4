//! Pure thinking: (catalog, history, schema facts, goal) to plan and findings.

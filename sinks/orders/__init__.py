"""Orders to a venue and what becomes of them: each intent at most once, and every doubt asked after until it ends."""

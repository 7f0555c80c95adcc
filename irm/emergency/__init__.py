"""When irm is away: the emergency sheet (值班应急联络单), on paper and in a folder outside."""

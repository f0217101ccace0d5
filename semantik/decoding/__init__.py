"""Files become pixels and details, in processes of their own: what is in them is not trusted."""

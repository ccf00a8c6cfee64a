"""What must hold of why a figure moved, whether it is noise, and what comes next, line by line.

Expected figures are worked out by hand in the comments, or by another method.
"""

# ================================================================ line 1: parts add up

# ================================================================ line 2: mix is not performance

# ================================================================ line 3: signals and noise

# ================================================================ line 4: retention projected

# ================================================================ line 5: the pipeline bridge closes

# ================================================================ line 6: payback with churn

# ================================================================ line 7: one figure, several definitions

# ================================================================ line 8: predictions scored

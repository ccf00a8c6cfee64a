"""Whether the instrument is sound: what tables, events and campaign parameters say of how the company measures.

Each part is plain functions from frames and settings to a small frame and the faults found in it; nothing here
answers a metric.
"""

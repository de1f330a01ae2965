"""Who acted, a person or a machine: a verdict with its reasons for every open, click and page view.

agents, networks ──► what each hit says of itself ──► what the hits around it say ──► verdict; and what a marketer marked
"""

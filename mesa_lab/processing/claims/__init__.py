"""Claims worked out: do they hold, do they fail, or can it not be told yet?"""

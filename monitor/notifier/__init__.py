"""The service `notifier`: market alerts, and alarms about the pipeline itself, brought to people.

Everything to be sent is a row of the outbox first (`outbox.py`), one for each event and channel. `intake.py` puts
market alerts there, `evaluator.py` alarms; a courier for each channel (`courier.py`) sends them.
"""

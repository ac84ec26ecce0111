"""When the runs start: Windows' Task Scheduler, a crontab's lines, or a loop in the foreground.

``timetable`` tells the minutes, ``definition`` writes a task's XML, ``tasks`` registers and asks
for it through ``schtasks``, and ``loop`` is for machines without a scheduler.
"""

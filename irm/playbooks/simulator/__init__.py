"""What a playbook would do, before it does it: the same engine over supposed facts and answers, told line by line and
drawn. `timeline` walks one night, `situation` and `supposing` say what is supposed, `simulated` puts both between the
packs' limits, `course` and `live_courses` are what is drawn, `drawing`, `drawn` and `graph` draw."""

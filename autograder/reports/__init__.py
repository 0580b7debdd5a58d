"""Grade → text, json, csv, markdown, html.  Pure functions: no disk, no clock, no process, no torch.

    from autograder.reports import csv, html, json, markdown, text

    text.grade_table(grade, course, lang, width)     the table in the terminal
    json.results(grade, lang)                        results.json, see schema/attempt.schema.json
    csv.grades(grade, course)                        grades.csv; no rows when the grade is advice
    markdown.student(grade, student, course, lang)   the page a student reads: nothing hidden is on it
    misconceptions.table(found, course, lang)        what a class misunderstood; .as_json for programs
    html.index(grade, course, lang, pages)           the page an instructor reads

Every name and sentence that comes from outside passes through `escape` on its way out.
"""

"""The course: content, parser, grader and content checks; imports none of our other rooms."""

"""Foreign text on the screen, by the rule that all of the lab has."""

from lab.sanitize import inert as inert

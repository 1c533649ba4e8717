"""Foreign text on the screen, by the rule that all of the lab has."""

from lab.inert import inert as inert

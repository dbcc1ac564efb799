"""Pages."""

from chassis.web import Routes

routes = Routes()

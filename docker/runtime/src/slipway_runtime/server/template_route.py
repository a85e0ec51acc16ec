"""A route that tells whoever asks later which one it was."""

from starlette.routing import Match, Route
from starlette.types import Scope

TEMPLATE = "slipway_runtime.template"


class TemplateRoute(Route):
    """Leaves its path's template in the scope: a label for metrics that callers cannot vary."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child_scope = super().matches(scope)
        if match != Match.NONE:
            child_scope[TEMPLATE] = self.path
        return match, child_scope

"""示例市: a city made up for trying irm; `irm up` loads it into an empty database."""

from irm.demo.city import DemoAccount, load

__all__ = ["DemoAccount", "load"]

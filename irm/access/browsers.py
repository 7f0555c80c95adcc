"""A browser's own description as a person would say it. Pure; nothing is decided by it."""

import re
from typing import Final

BROWSERS: Final = (
    ("WeCom", re.compile(r"wxwork/(\d+)", re.IGNORECASE)),
    ("WeChat", re.compile(r"MicroMessenger/(\d+)")),
    ("DingTalk", re.compile(r"DingTalk/(\d+)")),
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/(\d+)")),
    ("Opera", re.compile(r"OPR/(\d+)")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/(\d+)")),
    ("Chromium", re.compile(r"(?:Chrome|Chromium|CriOS|HeadlessChrome)/(\d+)")),
    ("Safari", re.compile(r"Version/(\d+)[\d.]* (?:Mobile/\S+ )?Safari/")),
)
"""The first that fits: those built on Chromium name it too, and nearly all name Safari."""
SYSTEMS: Final = (
    ("HarmonyOS", re.compile(r"HarmonyOS|OpenHarmony")),
    ("Android", re.compile(r"Android")),
    ("iOS", re.compile(r"iPhone|iPad")),
    ("Windows", re.compile(r"Windows")),
    ("macOS", re.compile(r"Macintosh|Mac OS X")),
    ("Linux", re.compile(r"Linux|X11")),
)


def described(user_agent: str) -> tuple[str, str]:
    """("Chromium 141", "Linux"); an empty text for what is not known."""
    browser = next(
        (f"{name} {found.group(1)}" for name, pattern in BROWSERS if (found := pattern.search(user_agent))), ""
    )
    system = next((name for name, pattern in SYSTEMS if pattern.search(user_agent)), "")
    return browser, system

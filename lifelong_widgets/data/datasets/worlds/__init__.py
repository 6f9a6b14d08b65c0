"""A simulated world for each of the four fields; what is true in it can be asked."""

from lifelong_widgets.data.datasets.worlds.community import CommunityWorld, community_world
from lifelong_widgets.data.datasets.worlds.course import CourseWorld, course_world
from lifelong_widgets.data.datasets.worlds.news import NewsWorld, news_world
from lifelong_widgets.data.datasets.worlds.shop import ShopWorld, shop_world
from lifelong_widgets.data.datasets.worlds.world import World

__all__ = [
    "CommunityWorld",
    "CourseWorld",
    "NewsWorld",
    "ShopWorld",
    "World",
    "community_world",
    "course_world",
    "news_world",
    "shop_world",
]

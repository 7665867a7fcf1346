"""A Django project with a login of its own and no allauth, which has the page under /assistant/."""

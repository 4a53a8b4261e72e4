"""The addresses of the web application."""

urlpatterns: list[object] = []

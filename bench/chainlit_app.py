"""The smallest Chainlit app that streams: the text of a turn names the provider's model."""

import chainlit as cl
from openai import AsyncOpenAI

provider = AsyncOpenAI()


@cl.password_auth_callback
def sign_in(username: str, password: str) -> cl.User:
    """Let everybody in."""
    return cl.User(identifier=username)


@cl.on_message
async def answer(turn: cl.Message) -> None:
    """Stream the provider's answer."""
    reply = cl.Message(content="")
    messages = [{"role": "user", "content": turn.content}]
    stream = await provider.chat.completions.create(model=turn.content, messages=messages, stream=True)
    async for chunk in stream:
        if chunk.choices and (token := chunk.choices[0].delta.content):
            await reply.stream_token(token)
    await reply.update()

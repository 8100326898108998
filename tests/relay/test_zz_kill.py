import asyncio, random
from tests.relay.test_relay import *
async def test_kill(database, redis):
    chance = random.Random(3)
    async with relaying(database, redis):
        await until(lambda: _exists(redis))
    import io
    for i in range(120):
        relay = Relay(database, redis)
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(chance.random()*0.02)
        if i % 3 == 0: await database.pulse("x")
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=3)
        if not done:
            print("STUCK", i, task.cancelling()); 
            f = io.StringIO(); task.print_stack(file=f); print(f.getvalue()[-1500:])
            for t in range(3):
                task.cancel(); done,_ = await asyncio.wait([task], timeout=3); print("again", bool(done))
                if done: break
            assert 0

'use client'

import { useEffect, useState } from 'react'

export default function Page() {
  const [count, setCount] = useState(0)
  const [news, setNews] = useState('not connected')

  useEffect(() => {
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/socket`)
    socket.onmessage = ({ data }) => setNews(data)
    return () => socket.close()
  }, [])

  return (
    <main>
      <h1>Hello!</h1>
      <button type="button" onClick={() => setCount(count + 1)}>
        {count} clicks
      </button>
      <p>{news}</p>
    </main>
  )
}

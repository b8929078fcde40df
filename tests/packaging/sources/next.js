"use client";

import { useEffect } from "react";
import { connect } from "steadfast";

export default function Page() {
  useEffect(() => {
    const aborter = new AbortController();
    connect(new URLSearchParams(location.search).get("server"), {
      signal: aborter.signal,
      on: {
        message: ({ data }) => {
          document.body.dataset.echo = data;
        },
      },
    }).then(
      (client) => client.send("steadfast"),
      (error) => {
        if (!aborter.signal.aborted) throw error;
      },
    );
    return () => aborter.abort();
  }, []);
  return <main>steadfast</main>;
}
